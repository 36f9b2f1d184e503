// The update of a weight is the epilogue of its gradient and works in place, after W was needed.
// RUN: bs-opt %s -p net-to-sched | filecheck %s

net.parameter @W : !net.t<[50 x 20], f32> {init = "uniform", seed = 1}
net.state @"momentum.W" : !net.t<[50 x 20], f32> {role = "momentum"}
net.state @rate : !net.t<[1], f32> {role = "hyper"}
net.network {
  %x = net.input "x" : !net.t<[20], f32, @"*">
  %g = net.input "g" : !net.t<[50], f32, @"*">
  %w = net.read @W : !net.t<[50 x 20], f32>
  %v = net.read @"momentum.W" : !net.t<[50 x 20], f32>
  %r = net.read @rate : !net.t<[1], f32>
  %d = net.times_gradient_left %g, %x : !net.t<[50 x 20], f32>
  %s = net.element_times %d, %r : !net.t<[50 x 20], f32>
  %v1 = net.plus %v, %s : !net.t<[50 x 20], f32>
  net.write @"momentum.W", %v1
  %w1 = net.minus %w, %v1 : !net.t<[50 x 20], f32>
  net.write @W, %w1
  %dx = net.times_gradient_right %w, %g {node = "dx"} : !net.t<[20], f32, @"*">
  net.roots output(%dx)
}
// CHECK: sched.kernel @gemm0 gemm
// CHECK-NEXT: net.times_gradient_right
// CHECK: sched.kernel @gemm1 gemm
// CHECK-NEXT: net.times_gradient_left
// CHECK-NEXT: net.element_times
// CHECK-NEXT: net.plus
// CHECK-NEXT: net.minus
// CHECK: %2 = sched.buffer state parameter "W"
// CHECK: %3 = sched.buffer state momentum "momentum.W"
// CHECK: sched.call @gemm0(%2, %1) -> (%5)
// CHECK-NEXT: sched.call @gemm1(%1, %0, %4, %3, %2) -> (%3, %2)
