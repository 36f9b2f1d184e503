// A matrix that meets a tensor takes over the axes of the tensor whose product is its width.
// RUN: bs-opt %s -p net-infer-shapes | filecheck %s

// CHECK: net.parameter @W : !net.t<[5 x 4 x 3], f32>
// CHECK: %w = net.read @W : !net.t<[5 x 4 x 3], f32>
// CHECK: %z = net.times %w, %x {node = "z"} : !net.t<[5 x 2], f32, @"*">
builtin.module {
  net.parameter @W : !net.t<[5 x 12], f32> {init = "uniform", seed = 1}
  net.network {
    %x = net.input "x" : !net.t<[4 x 3 x 2], f32, @"*">
    %w = net.read @W : !net.t<[5 x 12], f32>
    %z = net.times %w, %x {node = "z"} : !net.t<*, f32>
    net.roots output(%z)
  }
}
