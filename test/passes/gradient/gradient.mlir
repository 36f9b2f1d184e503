// The gradient of a linear classifier: only what learns gets one, and numbers fold.
// RUN: bs-opt %s -p net-gradient | filecheck %s

// CHECK: %ce = net.cross_entropy_with_softmax
// CHECK-NEXT: [[P:%\d+]] = net.softmax %z : !net.t<[2], f32, @"*">
// CHECK-NEXT: [[G:%\d+]] = net.minus [[P]], %y : !net.t<[2], f32, @"*">
// CHECK-NEXT: [[B:%\d+]] = net.sum_to [[G]] : !net.t<[2], f32>
// CHECK-NEXT: [[W:%\d+]] = net.times_gradient_left [[G]], %x : !net.t<[2 x 3], f32>
// CHECK-NEXT: net.gradient @W, [[W]]
// CHECK-NEXT: net.gradient @b, [[B]]
// CHECK-NEXT: net.roots criterion(%ce)
builtin.module {
  net.parameter @W : !net.t<[2 x 3], f32> {init = "uniform", seed = 1}
  net.parameter @b : !net.t<[2], f32> {init = "constant", value = 0.0}
  net.parameter @s : !net.t<[1], f32> {init = "constant", value = 1.0, learning_rate_multiplier = 0.0}
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %y = net.input "y" : !net.t<[2], f32, @"*">
    %w = net.read @W : !net.t<[2 x 3], f32>
    %b = net.read @b : !net.t<[2], f32>
    %s = net.read @s : !net.t<[1], f32>
    %t = net.times %w, %x {node = "t"} : !net.t<[2], f32, @"*">
    %u = net.plus %t, %b {node = "u"} : !net.t<[2], f32, @"*">
    %z = net.plus %u, %s {node = "z"} : !net.t<[2], f32, @"*">
    %ce = net.cross_entropy_with_softmax %y, %z {node = "ce"} : !net.t<[1], f32>
    net.roots criterion(%ce)
  }
}
