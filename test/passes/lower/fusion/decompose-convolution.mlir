// Convolution, pooling and cropping in terms of windows that are written out.
// RUN: bs-opt %s -p net-decompose | filecheck %s

// CHECK: %[[C:.*]] = net.correlate %w, %x {{{.*}}input = [6, 5, 2], windows = [3, 5, 1], extent = [3, 3, 2], stride = [2, 1, 2], low = [1, 1, 0], maps = 4}
// CHECK: net.pool %[[C]] {{{.*}}input = [3, 5, 4], windows = [2, 3, 4], extent = [2, 3, 1], stride = [2, 2, 1], low = [0, 1, 0], kind = "average"}
// CHECK: net.correlate_back %v, %[[C]] {{{.*}}input = [7, 11, 1], windows = [3, 5, 1], extent = [3, 3, 1], stride = [2, 2, 1], low = [0, 0, 0], maps = 4}
// CHECK: net.unpool %{{.*}}, %[[C]]
// CHECK: %[[S:.*]] = net.slice %x {begin = 1, end = 4} : !net.t<[3 x 5 x 2], f32, @"*">
// CHECK: net.slice %[[S]] {{{.*}}begin = 2, end = 5, axis = 2} : !net.t<[3 x 3 x 2], f32, @"*">
net.parameter @w : !net.t<[3 x 3 x 2 x 4], f32> {init = "constant", value = 0.0}
net.parameter @v : !net.t<[3 x 3 x 1 x 4], f32> {init = "constant", value = 0.0}
net.network {
  %x = net.input "x" : !net.t<[6 x 5 x 2], f32, @"*">
  %w = net.read @w : !net.t<[3 x 3 x 2 x 4], f32>
  %v = net.read @v : !net.t<[3 x 3 x 1 x 4], f32>
  %l = net.input "l" : !net.t<[3 x 3 x 1], f32, @"*">
  %c = net.convolution %w, %x {node = "c", kernel = [3, 3], stride = [2, 1], maps = [4]} : !net.t<[3 x 5 x 4], f32, @"*">
  %p = net.pooling %c {node = "p", kernel = [2, 3], stride = [2, 2], kind = "average"} : !net.t<[2 x 3 x 4], f32, @"*">
  %t = net.convolution %v, %c {node = "t", kernel = [3, 3, 1], stride = [2, 2, 1], padding = [0], maps = [4], transpose = true} : !net.t<[7 x 11 x 1], f32, @"*">
  %u = net.max_unpooling %p, %c {node = "u", kernel = [2, 3], stride = [2, 2]} : !net.t<[3 x 5 x 4], f32, @"*">
  %k = net.crop %x, %l {node = "k", x_offset = 1, y_offset = 2} : !net.t<[3 x 3 x 2], f32, @"*">
  net.roots output(%p, %t, %u, %k)
}
