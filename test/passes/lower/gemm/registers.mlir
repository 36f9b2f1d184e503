// With tile registers the sums of up to 32 rows and columns are stored, then finished row by row.
// RUN: bs-opt %s -p 'sched-to-kern{target=amx}' | filecheck %s

// CHECK: kern.func @k(
sched.kernel @k gemm(%g : !net.t<[20], f32, @"*">, %x : !net.t<[33], f32, @"*">, %w : !net.t<[20 x 33], f32>) -> (!net.t<[20 x 33], f32>) {
  // CHECK: kern.func @pair_left(
  // CHECK: kern.round_pairs "across"
  // CHECK: kern.transpose {{.*}} : vector<16xi32>
  // CHECK: kern.func @pair_amx_2x2(%left: !kern.ptr, %right: !kern.ptr, %depth: index, %partial: !kern.ptr, %first: i1)
  // CHECK: scf.if %first
  // CHECK: kern.amx_zero 3
  // CHECK: kern.amx_load 3, %partial
  // CHECK: kern.amx_load 4, %left[%w] stride 272
  // CHECK: kern.amx_load 7, %right
  // CHECK: kern.amx_multiply 3, 5, 7
  // CHECK: kern.amx_store 3, %partial
  // CHECK: kern.func @pair_finish_20(
  // CHECK: arith.subf
  // CHECK: kern.amx_configure
  // CHECK: kern.call @pair_amx_2x2(
  // CHECK: scf.if %{{.*}} {
  // CHECK: kern.call @pair_finish_20(
  // CHECK: kern.amx_release
  %d = net.times_gradient_left %g, %x {rounded = "bf16"} : !net.t<[20 x 33], f32>
  %s = net.minus %w, %d : !net.t<[20 x 33], f32>
  sched.yield %s : !net.t<[20 x 33], f32>
}
