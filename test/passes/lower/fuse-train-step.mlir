// A training step of a network with one hidden layer is ten calls: the mask of the activation is
// computed where it is used, updates and sums happen where their gradients and values are made.
// RUN: bs-opt %s -p train-step,schedule | filecheck %s

net.parameter @W : !net.t<[50 x 20], f32> {init = "uniform", seed = 1}
net.parameter @b : !net.t<[50], f32> {init = "constant", value = 0.0}
net.parameter @V : !net.t<[10 x 50], f32> {init = "uniform", seed = 2}
net.network {
  %x = net.input "x" : !net.t<[20], f32, @"*">
  %y = net.input "y" : !net.t<[10], f32, @"*">
  %w = net.read @W : !net.t<[50 x 20], f32>
  %b = net.read @b : !net.t<[50], f32>
  %v = net.read @V : !net.t<[10 x 50], f32>
  %t = net.times %w, %x : !net.t<[50], f32, @"*">
  %p = net.plus %t, %b : !net.t<[50], f32, @"*">
  %h = net.rectified_linear %p {node = "h"} : !net.t<[50], f32, @"*">
  %z = net.times %v, %h {node = "z"} : !net.t<[10], f32, @"*">
  %ce = net.cross_entropy_with_softmax %y, %z {node = "ce"} : !net.t<[1], f32>
  %er = net.classification_error %y, %z {node = "err"} : !net.t<[1], f32>
  net.roots criterion(%ce), evaluation(%er)
}
// CHECK: sched.kernel @gemm0 gemm(%0: !net.t<[50 x 20], f32>, %1: !net.t<[20], f32, @"*">, %2: !net.t<[50], f32>) -> (!net.t<[50], f32, @"*">)
// CHECK: sched.kernel @gemm2 gemm
// CHECK-NEXT: net.times_gradient_right
// CHECK-NEXT: net.splat 0.0
// CHECK-NEXT: net.greater
// CHECK-NEXT: net.select
// CHECK-NEXT: sched.yield
// CHECK: sched.call @gemm0(%2, %0, %3) -> (%[[H:[0-9]+]])
// CHECK: sched.call @gemm1(%4, %[[H]]) -> (%[[Z:[0-9]+]])
// CHECK: sched.call @rows0(%[[Z]], %1)
// CHECK: sched.call @columns0
// CHECK: sched.call @gemm2
// CHECK-NEXT: sched.call serial @rows1
// CHECK-NEXT: sched.barrier
// CHECK-NEXT: sched.call @gemm3
// CHECK-NEXT: sched.call @{{gemm4|columns1}}
// CHECK-NEXT: sched.call @{{gemm4|columns1}}
// CHECK-NEXT: }
