// Bias and ReLU belong to the kernel of a convolution; a pooling has a kernel of its own.
// RUN: bs-opt %s -p net-fuse | filecheck %s

// CHECK: net.correlate %{{.*}} {{{.*}}kernel = 0, family = "convolution"}
// CHECK: net.plus %{{.*}}kernel = 0, family = "convolution"}
// CHECK: net.rectified_linear %{{.*}}kernel = 0, family = "convolution"}
// CHECK: net.pool %{{.*}}kernel = 1, family = "convolution"}
// CHECK: net.exp %{{.*}}kernel = 2, family = "rows"}
net.parameter @W : !net.t<[3 x 3 x 2 x 4], f32> {init = "constant", value = 0.0}
net.parameter @b : !net.t<[1 x 1 x 4], f32> {init = "constant", value = 0.0}
net.network {
  %x = net.input "x" : !net.t<[6 x 5 x 2], f32, @"*">
  %w = net.read @W : !net.t<[3 x 3 x 2 x 4], f32>
  %b = net.read @b : !net.t<[1 x 1 x 4], f32>
  %c = net.convolution %w, %x {node = "c", kernel = [3, 3], maps = [4]} : !net.t<[6 x 5 x 4], f32, @"*">
  %s = net.plus %c, %b : !net.t<[6 x 5 x 4], f32, @"*">
  %r = net.rectified_linear %s {node = "r"} : !net.t<[6 x 5 x 4], f32, @"*">
  %p = net.pooling %r {node = "p", kernel = [2, 2], stride = [2, 2]} : !net.t<[3 x 3 x 4], f32, @"*">
  %e = net.exp %p {node = "e"} : !net.t<[3 x 3 x 4], f32, @"*">
  net.roots output(%e)
}
