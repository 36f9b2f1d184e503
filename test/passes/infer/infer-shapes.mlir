// Parameters take open dimensions from the operand they meet, and every value gets its shape.
// RUN: bs-opt %s -p net-infer-shapes | filecheck %s

// CHECK: net.parameter @W : !net.t<[5 x 4 x 3], f32>
// CHECK-SAME: range = 0.05
// CHECK: net.parameter @b : !net.t<[5], f32>
// CHECK: %w = net.read @W : !net.t<[5 x 4 x 3], f32>
// CHECK: %m = net.mean %x {node = "m"} : !net.t<[4 x 3], f32>
// CHECK: %c = net.minus %x, %m {node = "c"} : !net.t<[4 x 3], f32, @"*">
// CHECK: %t = net.times %w, %c {node = "t", infer_rank = 0} : !net.t<[5], f32, @"*">
// CHECK: %z = net.plus %t, %b {node = "z"} : !net.t<[5], f32, @"*">
builtin.module attributes {net.precision = "float"} {
  net.parameter @W : !net.t<[5 x ?], f32> {init = "uniform", seed = 1}
  net.parameter @b : !net.t<[?], f32> {init = "constant", value = 0.0}
  net.network {
    %x = net.input "x" : !net.t<[4 x 3], f32, @"*">
    %w = net.read @W : !net.t<[5 x ?], f32>
    %b = net.read @b : !net.t<[?], f32>
    %m = net.mean %x {node = "m"} : !net.t<*, f32>
    %c = net.minus %x, %m {node = "c"} : !net.t<*, f32>
    %t = net.times %w, %c {node = "t", infer_rank = 0} : !net.t<*, f32>
    %z = net.plus %t, %b {node = "z"} : !net.t<*, f32>
    net.roots output(%z)
  }
}
