// A wide gradient of weights copies a chunk of its rows tile by tile, then works on all panels.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k(
sched.kernel @k gemm(%g : !net.t<[256], f32, @"*">, %x : !net.t<[96], f32, @"*">) -> (!net.t<[256 x 96], f32>) {
  // CHECK: kern.func @gather_6(%source: !kern.ptr, %target: !kern.ptr, %depth: index)
  // CHECK: scf.for %k =
  // CHECK: kern.load
  // CHECK: kern.store
  // CHECK: kern.func @pack_64(
  // CHECK: kern.func @tile_6x64(
  // CHECK: scf.for %chunk =
  // CHECK: scf.for %block =
  // CHECK: scf.for %tile =
  // CHECK: kern.call @gather_6(
  // CHECK: scf.for %panel =
  // CHECK: kern.call @pack_64(
  // CHECK: scf.for %tile_1 =
  // CHECK: kern.call @tile_6x64(
  %d = net.times_gradient_left %g, %x : !net.t<[256 x 96], f32>
  sched.yield %d : !net.t<[256 x 96], f32>
}
