// A tile of windows is added to the sums of its columns; a sample's statistics are written at its end.
// RUN: bs-opt %s -p sched-to-kern{target=avx512} | filecheck %s

// CHECK: kern.func @tile0_1x4({{.*}}%place: index, {{.*}}%sums: !kern.ptr, %m0: !kern.ptr)
// CHECK: [[NEW:%[0-9]+]] = arith.cmpi eq, %place, %c0
// CHECK-NEXT: kern.tile_moments {{.*}}, %sums fresh [[NEW]] : !kern.tile<6, 16, vector<16xf32>>
// CHECK-NEXT: kern.tile_across
// CHECK: scf.for %sample
// CHECK-NEXT: scf.for %row
// CHECK: kern.call @tile0_1x4
// CHECK: arith.truncf {{.*}} : vector<16xf64> to vector<16xf32>
// CHECK-NEXT: kern.store {{.*}}, %c4 : vector<16xf32>
sched.kernel @k convolution(%w: !net.t<[3 x 3 x 2 x 4], f32>, %x: !net.t<[8 x 7 x 2], f32, @"*">)
    -> (!net.t<[6 x 5 x 4], f32, @"*">, !net.t<[1 x 1 x 4], f32, @"*">) {
  %z = net.correlate %w, %x {input = [8, 7, 2], windows = [6, 5, 1], extent = [3, 3, 2],
    stride = [1, 1, 2], low = [0, 0, 0], maps = 4} : !net.t<[6 x 5 x 4], f32, @"*">
  %m = net.plane_mean %z : !net.t<[1 x 1 x 4], f32, @"*">
  sched.yield %z, %m : !net.t<[6 x 5 x 4], f32, @"*">, !net.t<[1 x 1 x 4], f32, @"*">
}
