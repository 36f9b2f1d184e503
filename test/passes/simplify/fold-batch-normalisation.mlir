// The scale of a normalisation with running statistics goes into the weights before it.
// RUN: bs-opt %s -p net-fold-batch-normalisation | filecheck %s
// RUN: bs-opt %s -p net-fold-batch-normalisation,net-set-mode,net-compute-once | filecheck %s --check-prefix=ONCE

// CHECK: %[[ROOT:.*]] = net.sqrt
// CHECK: %[[INV:.*]] = net.reciprocal %[[ROOT]]
// CHECK: %[[F:.*]] = net.element_times %{{.*}}, %[[INV]] : !net.t<[1 x 1 x 4], f32>
// CHECK: %[[C:.*]] = net.minus %{{.*}}, %{{.*}} : !net.t<[1 x 1 x 4], f32>
// CHECK: %[[W:.*]] = net.element_times %{{.*}}, %{{.*}} : !net.t<[18 x 4], f32>
// CHECK: net.convolution %{{.*}}, %x
// CHECK-NOT: net.batch_normalization
// CHECK: %y = net.plus %{{.*}}, %[[C]] {node = "y"}
// ONCE: %x = net.input
// ONCE-NOT: net.element_times
// ONCE: net.convolution
// ONCE-NEXT: %y = net.plus
// ONCE-NEXT: net.roots
builtin.module {
  net.parameter @W : !net.t<[3 x 3 x 2 x 4], f32> {init = "uniform", seed = 1}
  net.parameter @scale : !net.t<[4 x 1], f32> {init = "constant", value = 1.0}
  net.parameter @bias : !net.t<[4 x 1], f32> {init = "constant", value = 0.0}
  net.parameter @mean : !net.t<[4 x 1], f32> {init = "constant", value = 0.0, learning_rate_multiplier = 0.0}
  net.parameter @variance : !net.t<[4 x 1], f32> {init = "constant", value = 1.0, learning_rate_multiplier = 0.0}
  net.network {
    %x = net.input "x" : !net.t<[6 x 6 x 2], f32, @"*">
    %w = net.read @W : !net.t<[3 x 3 x 2 x 4], f32>
    %s = net.read @scale : !net.t<[4 x 1], f32>
    %b = net.read @bias : !net.t<[4 x 1], f32>
    %m = net.read @mean : !net.t<[4 x 1], f32>
    %v = net.read @variance : !net.t<[4 x 1], f32>
    %t = net.convolution %w, %x {node = "t", kernel = [3, 3, 2], padding = [1, 1, 0], maps = [4]} : !net.t<[6 x 6 x 4], f32, @"*">
    %y = net.batch_normalization %t, %s, %b, %m, %v {node = "y", spatial = true} : !net.t<[6 x 6 x 4], f32, @"*">
    net.roots output(%y)
  }
}
