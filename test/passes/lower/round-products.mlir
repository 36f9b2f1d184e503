// Products are marked for rounding where no size that is known is too small for it.
// RUN: bs-opt %s -p sched-round-products | filecheck %s
// RUN: bs-opt %s --matmul-precision bf16 --emit sched | filecheck %s

// CHECK: sched.kernel @layer gemm
sched.kernel @layer gemm(%w : !net.t<[20 x 33], f32>, %x : !net.t<[33], f32, @"*">) -> (!net.t<[20], f32, @"*">) {
  // CHECK: net.times %w, %x {rounded = "bf16"} :
  %z = net.times %w, %x : !net.t<[20], f32, @"*">
  // CHECK-NEXT: net.sigmoid %z :
  %y = net.sigmoid %z : !net.t<[20], f32, @"*">
  sched.yield %y : !net.t<[20], f32, @"*">
}
// CHECK: sched.kernel @narrow gemm
sched.kernel @narrow gemm(%w : !net.t<[7 x 33], f32>, %x : !net.t<[33], f32, @"*">) -> (!net.t<[7], f32, @"*">) {
  // CHECK: net.times %w, %x :
  %z = net.times %w, %x : !net.t<[7], f32, @"*">
  sched.yield %z : !net.t<[7], f32, @"*">
}
// CHECK: sched.kernel @shallow gemm
sched.kernel @shallow gemm(%w : !net.t<[20 x 3], f32>, %x : !net.t<[3], f32, @"*">) -> (!net.t<[20], f32, @"*">) {
  // CHECK: net.times %w, %x :
  %z = net.times %w, %x : !net.t<[20], f32, @"*">
  sched.yield %z : !net.t<[20], f32, @"*">
}
// CHECK: sched.kernel @weights gemm
sched.kernel @weights gemm(%g : !net.t<[20], f32, @"*">, %x : !net.t<[33], f32, @"*">) -> (!net.t<[20 x 33], f32>) {
  // CHECK: net.times_gradient_left %g, %x {rounded = "bf16"} :
  %d = net.times_gradient_left %g, %x : !net.t<[20 x 33], f32>
  sched.yield %d : !net.t<[20 x 33], f32>
}
// CHECK: sched.kernel @packed pack
sched.kernel @packed pack(%w : !net.t<[64 x 32], f32>) -> (!net.t<[2048], f32>) {
  // CHECK: net.pack %w {columns = 64, depth = 32, turned = false, rounded = "bf16"} :
  %p = net.pack %w {columns = 64, depth = 32, turned = false} : !net.t<[2048], f32>
  sched.yield %p : !net.t<[2048], f32>
}
