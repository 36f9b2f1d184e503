// Tiles ask for memory before it is read: each for the next rows, the last ones for the next panel.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k(
sched.kernel @k gemm(%g : !net.t<[256], f32, @"*">, %x : !net.t<[96], f32, @"*">) -> (!net.t<[256 x 96], f32>) {
  // CHECK: kern.func @tile_6x64(%left: !kern.ptr, %right: !kern.ptr, {{.*}}%ahead: !kern.ptr, %every: index, %partial:
  // CHECK: %[[ROWS:.*]] = kern.offset %left[%c11] : f32
  // CHECK: kern.tile_multiply {{.*}} ahead %[[ROWS]], %ahead every %c96, %every : !kern.tile<6, 64,
  // CHECK: scf.for %panel =
  // CHECK: scf.for %block =
  // CHECK: kern.call @pack_64(
  // CHECK: %[[NEXT:.*]] = arith.select %{{.*}}, %{{.*}}, %{{.*}} : !kern.ptr
  // CHECK: scf.for %tile =
  // CHECK: %[[LINE:.*]] = kern.offset %[[NEXT]]
  // CHECK: %[[AHEAD:.*]] = arith.select %{{.*}}, %[[LINE]], %{{.*}} : !kern.ptr
  // CHECK: kern.call @tile_6x64({{.*}}%[[AHEAD]],
  %d = net.times_gradient_left %g, %x : !net.t<[256 x 96], f32>
  sched.yield %d : !net.t<[256 x 96], f32>
}
