// What is written twice is computed and differentiated once.
// RUN: bs-opt %s -p net-cse,net-gradient | filecheck %s
// RUN: bs-opt %s -p net-gradient | filecheck %s --check-prefix=TWICE

// CHECK-COUNT-1: net.sigmoid
// CHECK-NOT: net.sigmoid
// CHECK: net.times_gradient_left
// CHECK-NOT: net.times_gradient_left
// CHECK: net.gradient @W
// TWICE: net.times_gradient_left
// TWICE: net.times_gradient_left
builtin.module {
  net.parameter @W : !net.t<[3 x 2], f32> {init = "uniform", seed = 1}
  net.network {
    %x = net.input "x" : !net.t<[2], f32, @"*">
    %w = net.read @W : !net.t<[3 x 2], f32>
    %p = net.times %w, %x {node = "p"} : !net.t<[3], f32, @"*">
    %q = net.times %w, %x {node = "q"} : !net.t<[3], f32, @"*">
    %a = net.sigmoid %p {node = "a"} : !net.t<[3], f32, @"*">
    %b = net.sigmoid %q {node = "b"} : !net.t<[3], f32, @"*">
    %m = net.element_times %a, %b {node = "m"} : !net.t<[3], f32, @"*">
    %c = net.sum_elements %m {node = "c"} : !net.t<[1], f32>
    net.roots criterion(%c)
  }
}
