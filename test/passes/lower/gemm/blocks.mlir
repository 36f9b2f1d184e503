// A gradient of weights sums over the columns in blocks; the update runs after the last of them.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k(
sched.kernel @k gemm(%g : !net.t<[20], f32, @"*">, %x : !net.t<[33], f32, @"*">, %w : !net.t<[20 x 33], f32>) -> (!net.t<[20 x 33], f32>) {
  // CHECK: kern.func @tile_11x20({{.*}}%partial: !kern.ptr, %first: i1, %last: i1,
  // CHECK: scf.if %first
  // CHECK: kern.tile_zero
  // CHECK: kern.tile_load %partial
  // CHECK: kern.tile_multiply {{.*}} row 1 step
  // CHECK: scf.if %last
  // CHECK: arith.subf
  // CHECK: kern.tile_store %{{.*}}, %partial
  // CHECK: scf.for %chunk =
  // CHECK: scf.for %block =
  // CHECK: kern.call @tile_11x20(
  %d = net.times_gradient_left %g, %x : !net.t<[20 x 33], f32>
  %s = net.minus %w, %d : !net.t<[20 x 33], f32>
  sched.yield %s : !net.t<[20 x 33], f32>
}
