// One or two rows leave nothing to reuse: R is read once, by tiles as wide as the registers allow.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k(
sched.kernel @k gemm(%w : !net.t<[600 x 33], f32>, %x : !net.t<[33], f32, @"*">) -> (!net.t<[600], f32, @"*">) {
  // CHECK: kern.func @wide_tile_1x192(
  // CHECK: kern.func @wide_tile_2x192(
  // CHECK: kern.func @wide_tile_1x24(
  // CHECK: [[FEW:%.*]] = arith.cmpi sle, %n, %c2 : index
  // CHECK: scf.if [[FEW]] {
  // CHECK: kern.call @wide_tile_1x192(
  // CHECK: } else {
  // CHECK: kern.call @tile_1x64(
  %z = net.times %w, %x : !net.t<[600], f32, @"*">
  sched.yield %z : !net.t<[600], f32, @"*">
}
