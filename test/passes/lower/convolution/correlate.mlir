// A 1-D convolution: weights copied to panels, a function for inner tiles and one for each border.
// RUN: bs-opt %s -p sched-to-kern{target=avx2} | filecheck %s

// CHECK-LABEL: kern.func @k(
// At the border the first window has no element for the first step.
// CHECK: kern.func @tile0_1x5(
// CHECK: kern.tile_gather %{{.*}} at [-4611686018427387904, 0, 1, 2, 3, 4, {{.*}}pitch 8
// CHECK: kern.tile_across %{{.*}} columns 5
// CHECK: kern.func @tile1_1x5(
// CHECK: at [-1, 0, 1, 2, 3, 4,
// CHECK: kern.transpose %x0
// CHECK: kern.call @tile0_1x5(
// CHECK: scf.for %tile =
// CHECK: kern.call @tile1_1x5(
// CHECK: kern.call @tile2_1x5(
sched.kernel @k convolution(%w : !net.t<[3 x 2 x 5], f32>, %x : !net.t<[48 x 2], f32, @"*">) -> (!net.t<[48 x 5], f32, @"*">) {
  %c = net.correlate %w, %x {input = [48, 2], windows = [48, 1], extent = [3, 2], stride = [1, 2], low = [1, 0], maps = 5} : !net.t<[48 x 5], f32, @"*">
  sched.yield %c : !net.t<[48 x 5], f32, @"*">
}
