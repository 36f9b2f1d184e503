// With one output every row is a scalar product: weights and samples are read as they lie.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k({{.*}}) attributes {workspace =
sched.kernel @k gemm(%w : !net.t<[1 x 33], f32>, %x : !net.t<[33], f32, @"*">, %b : !net.t<[1], f32>) -> (!net.t<[1], f32, @"*">) {
  // CHECK: kern.func @dot_8(
  // CHECK: kern.dot {{.*}} stride 33 columns 8
  // CHECK: kern.func @finish_1(
  // CHECK: arith.addf
  // CHECK-NOT: kern.tile_multiply
  %z = net.times %w, %x : !net.t<[1], f32, @"*">
  %p = net.plus %z, %b : !net.t<[1], f32, @"*">
  sched.yield %p : !net.t<[1], f32, @"*">
}
