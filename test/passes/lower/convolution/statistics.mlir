// Sums of x - r and of its square over a convolution become sums of what it gives for each sample.
// RUN: bs-opt %s -p net-fuse | filecheck %s

// CHECK: %z = net.correlate %w, %x {{{.*}}kernel = 0, family = "convolution"}
// CHECK-NEXT: %0 = net.plane_mean %z {kernel = 0, family = "convolution"}
// CHECK-NEXT: %1 = net.plane_variance %z {kernel = 0, family = "convolution"}
// CHECK-NEXT: %2 = net.minus %0, %r {late, kernel = 1, family = "columns"}
// CHECK-NEXT: %3 = net.sum_to %2 {kernel = 1
// CHECK-NEXT: %4 = net.splat 30.0
// CHECK-NEXT: %s = net.element_times %3, %4 {kernel = 1
// CHECK: %6 = net.element_times %5, %5 {kernel = 1
// CHECK-NEXT: %7 = net.plus %1, %6 {kernel = 1
// CHECK-NEXT: %8 = net.sum_to %7 {kernel = 1
// CHECK-NOT: kernel = 2
net.parameter @W : !net.t<[3 x 3 x 2 x 4], f32> {init = "constant", value = 0.0}
net.parameter @R : !net.t<[1 x 1 x 4], f32> {init = "constant", value = 0.0}
net.network {
  %x = net.input "x" : !net.t<[6 x 5 x 2], f32, @"*">
  %w = net.read @W : !net.t<[3 x 3 x 2 x 4], f32>
  %r = net.read @R : !net.t<[1 x 1 x 4], f32>
  %z = net.convolution %w, %x {kernel = [3, 3], maps = [4]} : !net.t<[6 x 5 x 4], f32, @"*">
  %d = net.minus %z, %r {late} : !net.t<[6 x 5 x 4], f32, @"*">
  %s = net.sum_to %d : !net.t<[1 x 1 x 4], f32>
  %q = net.element_times %d, %d : !net.t<[6 x 5 x 4], f32, @"*">
  %t = net.sum_to %q : !net.t<[1 x 1 x 4], f32>
  %e = net.minus %t, %s {node = "e"} : !net.t<[1 x 1 x 4], f32>
  net.roots output(%e)
}
