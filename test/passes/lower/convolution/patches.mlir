// A 3 x 3 convolution by patches: weights transformed once, then a product at each of 16 points.
// RUN: bs-opt %s -p sched-to-kern{target=avx2} | filecheck %s

// CHECK-LABEL: kern.func @k(
// A tile of patches times the weights of a block, at one point.
// CHECK: kern.func @product8x1(%patches: !kern.ptr, %weights: !kern.ptr, %target: !kern.ptr)
// CHECK: kern.tile_multiply %{{.*}}, %patches row 8 step %{{.*}}, %weights pitch
// Windows that are done are turned round and stored.
// CHECK: kern.func @finish8x8_8(%windows: !kern.ptr, %place: index, %first: index,
// CHECK: kern.tile_across %{{.*}} columns 8
// Half of the sum of the outer weights, plus and less half of the middle one.
// CHECK: arith.constant dense<5.000000e-01>
// A band is copied with its channels side by side.
// CHECK: scf.for %unit =
// CHECK: kern.transpose %{{.*}} stride 64 rows 8
// CHECK: scf.for %point =
// CHECK: kern.call @product8x1(
// CHECK: kern.call @finish8x8_8(
sched.kernel @k convolution(%w : !net.t<[3 x 3 x 8 x 8], f32>, %x : !net.t<[8 x 8 x 8], f32, @"*">) -> (!net.t<[8 x 8 x 8], f32, @"*">) {
  %c = net.correlate %w, %x {input = [8, 8, 8], windows = [8, 8, 1], extent = [3, 3, 8], stride = [1, 1, 1], low = [1, 1, 0], maps = 8} : !net.t<[8 x 8 x 8], f32, @"*">
  sched.yield %c : !net.t<[8 x 8 x 8], f32, @"*">
}
