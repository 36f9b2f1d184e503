// A product becomes panels and tiles: each thread takes its share of the tiles, the tile's height
// chooses the function, and the epilogue is part of it.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k(%x0: !kern.ptr, %x1: !kern.ptr, %x2: !kern.ptr, %y0: !kern.ptr, %n: index, %ws: !kern.ptr, %tid: index, %nt: index)
sched.kernel @k gemm(%w : !net.t<[20 x 33], f32>, %x : !net.t<[33], f32, @"*">, %b : !net.t<[20], f32>) -> (!net.t<[20], f32, @"*">) {
  // CHECK: kern.func @pack_20(
  // CHECK: kern.func @tile_1x20(
  // CHECK: kern.tile_multiply {{.*}} row 33 step {{.*}} : !kern.tile<1, 20, vector<16xf32>>
  // CHECK: kern.tile_each
  // CHECK: kern.load %{{.*}} : vector<16xf32>
  // CHECK: arith.addf
  // CHECK: kern.store
  // CHECK: kern.func @tile_12x20(
  // CHECK: arith.muli %tid,
  // CHECK: scf.for %tile =
  // CHECK: scf.index_switch
  // CHECK: kern.call @tile_1x20(
  %z = net.times %w, %x : !net.t<[20], f32, @"*">
  %p = net.plus %z, %b : !net.t<[20], f32, @"*">
  sched.yield %p : !net.t<[20], f32, @"*">
}
