// Gradients are made only on the way from the criterion to parameters that learn.
// RUN: bs-opt %s -p net-gradient | filecheck %s

// CHECK: %c = net.square_error %y, %z
// CHECK: net.times_gradient_left
// CHECK-NOT: net.times_gradient_left
// CHECK-NOT: net.times_gradient_right
// CHECK-NOT: net.gradient @frozen
// CHECK: net.gradient @W
builtin.module {
  net.parameter @W : !net.t<[2 x 3], f32> {init = "uniform", seed = 1}
  net.parameter @frozen : !net.t<[3 x 2], f32> {init = "uniform", seed = 1, learning_rate_multiplier = 0.0}
  net.network {
    %x = net.input "x" : !net.t<[2], f32, @"*">
    %y = net.input "y" : !net.t<[2], f32, @"*">
    %f = net.read @frozen : !net.t<[3 x 2], f32>
    %w = net.read @W : !net.t<[2 x 3], f32>
    %t = net.times %f, %x {node = "t"} : !net.t<[3], f32, @"*">
    %h = net.tanh %t {node = "h"} : !net.t<[3], f32, @"*">
    %z = net.times %w, %h {node = "z"} : !net.t<[2], f32, @"*">
    %c = net.square_error %y, %z {node = "c"} : !net.t<[1], f32>
    net.roots criterion(%c)
  }
}
