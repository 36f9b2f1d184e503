// Transposed weights are packed by blocks; for a few rows they are multiplied as they lie.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx2}' | filecheck %s

// CHECK: kern.func @k(
sched.kernel @k gemm(%w : !net.t<[20 x 30], f32>, %g : !net.t<[20], f32, @"*">) -> (!net.t<[30], f32, @"*">) {
  // CHECK: kern.func @dot_8(
  // CHECK: kern.dot {{.*}} stride 20 columns 8
  // CHECK: kern.func @turn_8(
  // CHECK: kern.transpose {{.*}} stride 20 rows 8 {{.*}} stride 16
  // CHECK: kern.func @pack_16(
  // CHECK: arith.cmpi sle, %n
  // CHECK: kern.call @dot_8(
  // CHECK: kern.call @finish_16(
  // CHECK: kern.call @pack_16(
  %d = net.times_gradient_right %w, %g : !net.t<[30], f32, @"*">
  sched.yield %d : !net.t<[30], f32, @"*">
}
