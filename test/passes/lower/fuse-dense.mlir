// A dense layer is one kernel: product, bias and activation; the loss of the next one is another.
// RUN: bs-opt %s -p net-fuse | filecheck %s
// RUN: bs-opt %s -p net-to-sched | filecheck %s --check-prefix=SCHED

net.parameter @W : !net.t<[50 x 20], f32> {init = "uniform", seed = 1}
net.parameter @b : !net.t<[50], f32> {init = "constant", value = 0.0}
net.network {
  %x = net.input "features" : !net.t<[20], f32, @"*">
  %y = net.input "labels" : !net.t<[50], f32, @"*">
  %w = net.read @W : !net.t<[50 x 20], f32>
  %b = net.read @b : !net.t<[50], f32>
  // CHECK: net.times {{.*}}kernel = 0, family = "gemm"
  %t = net.times %w, %x : !net.t<[50], f32, @"*">
  // CHECK: net.plus {{.*}}kernel = 0, family = "gemm"
  %p = net.plus %t, %b : !net.t<[50], f32, @"*">
  // CHECK: net.tanh {{.*}}kernel = 0, family = "gemm"
  %h = net.tanh %p {node = "h"} : !net.t<[50], f32, @"*">
  // CHECK: net.log_softmax {{.*}}kernel = 1, family = "rows"
  // CHECK: net.element_times {{.*}}kernel = 1, family = "rows"
  // CHECK: net.reduce {{.*}}kernel = 1, family = "rows"
  // CHECK: net.negate {{.*}}kernel = 2, family = "columns"
  // CHECK: net.sum_to {{.*}}kernel = 2, family = "columns"
  %ce = net.cross_entropy_with_softmax %y, %h {node = "ce"} : !net.t<[1], f32>
  net.roots criterion(%ce), output(%h)
}
// SCHED: sched.kernel @gemm0 gemm(%0: {{.*}}[50 x 20]{{.*}}, %1: {{.*}}[20]{{.*}}, %2: {{.*}}[50]{{.*}})
// SCHED: sched.kernel @rows0 rows
// SCHED: sched.kernel @columns0 columns
// SCHED: sched.program @step ["*"] {
// SCHED: sched.call @gemm0(%2, %0, %3) -> (%4)
// SCHED-NEXT: sched.call @rows0(%4, %1) -> (%5)
// SCHED-NEXT: sched.call @columns0(%5) -> (%6)
// SCHED-NEXT: sched.output "ce", %6
// SCHED-NEXT: sched.output "h", %4
