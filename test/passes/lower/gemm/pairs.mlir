// Inputs are rounded to pairs, L in chunks of rows and R in panels; few rows stay in float32, and
// so does what follows the product.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512-bf16}' | filecheck %s

// CHECK: kern.func @k(
sched.kernel @k gemm(%w : !net.t<[20 x 33], f32>, %x : !net.t<[33], f32, @"*">, %b : !net.t<[20], f32>) -> (!net.t<[20], f32, @"*">) {
  // CHECK: kern.func @tile_12x20(
  // CHECK: kern.tile_multiply {{.*}} row 33 {{.*}} unroll {{[0-9]+}} ahead {{.*}} : !kern.tile<12, 20, vector<16xf32>>
  // CHECK: kern.func @pair_pack_20(
  // CHECK: kern.round_pairs "across" {{.*}} : vector<16xf32>, vector<16xf32> to vector<16xi32>
  // CHECK: kern.func @pair_left(
  // CHECK: kern.round_pairs "along"
  // CHECK: kern.func @pair_tile_12x20(
  // CHECK: kern.tile_multiply {{.*}} row 48 {{.*}} unroll {{[0-9]+}} pairs : !kern.tile<12, 20, vector<16xf32>>
  // CHECK: arith.addf
  // CHECK: [[FEW:%.*]] = arith.cmpi slt, %n, %c8 : index
  // CHECK: scf.if [[FEW]] {
  // CHECK: kern.call @tile_12x20(
  // CHECK: } else {
  // CHECK: kern.call @pair_pack_20(
  // CHECK: scf.for %chunk =
  // CHECK: kern.call @pair_left(
  // CHECK: kern.call @pair_tile_12x20(
  %z = net.times %w, %x {rounded = "bf16"} : !net.t<[20], f32, @"*">
  %p = net.plus %z, %b : !net.t<[20], f32, @"*">
  sched.yield %p : !net.t<[20], f32, @"*">
}
