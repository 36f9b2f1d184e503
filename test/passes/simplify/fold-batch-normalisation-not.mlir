// Read twice, or with statistics of another shape, a product keeps its normalisation.
// RUN: bs-opt %s -p net-fold-batch-normalisation | filecheck %s

// CHECK: %t = net.times %w, %x {node = "t"}
// CHECK: %y = net.batch_normalization %t
// CHECK: %a = net.plus %q, %c
// CHECK: %z = net.batch_normalization %a
// CHECK-NOT: net.sqrt
builtin.module {
  net.parameter @W : !net.t<[4 x 2], f32> {init = "uniform", seed = 1}
  net.parameter @s : !net.t<[4 x 1], f32> {init = "constant", value = 1.0}
  net.network {
    %x = net.input "x" : !net.t<[2], f32, @"*">
    %c = net.input "c" : !net.t<[4], f32, @"*">
    %w = net.read @W : !net.t<[4 x 2], f32>
    %s = net.read @s : !net.t<[4 x 1], f32>
    %t = net.times %w, %x {node = "t"} : !net.t<[4], f32, @"*">
    %y = net.batch_normalization %t, %s, %s, %s, %s {node = "y"} : !net.t<[4], f32, @"*">
    %u = net.tanh %t {node = "u"} : !net.t<[4], f32, @"*">
    %q = net.times %w, %x {node = "q"} : !net.t<[4], f32, @"*">
    %a = net.plus %q, %c {node = "a"} : !net.t<[4], f32, @"*">
    %z = net.batch_normalization %a, %s, %s, %s, %s {node = "z"} : !net.t<[4], f32, @"*">
    net.roots output(%y, %u, %z)
  }
}
