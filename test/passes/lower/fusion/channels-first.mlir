// A convolution of images with channels in front is one with channels behind, between transpositions.
// RUN: bs-opt %s -p net-decompose | filecheck %s

// CHECK: %[[W:[0-9]+]] = net.reshape %w {dims = [7, 2, 9, 1]}
// CHECK-NEXT: %[[T:[0-9]+]] = net.transpose_dimensions %[[W]] {axis2 = 3} : !net.t<[9 x 2 x 7 x 1], f32>
// CHECK-NEXT: %[[B:[0-9]+]] = net.reshape %{{.*}} {dims = [9, 2, 1, 7]}
// CHECK-NEXT: %[[X:[0-9]+]] = net.reshape %x {dims = [2, 30]}
// CHECK-NEXT: %[[Y:[0-9]+]] = net.transpose_dimensions %[[X]] : !net.t<[30 x 2], f32, @"*">
// CHECK-NEXT: %[[P:[0-9]+]] = net.reshape %[[Y]] {dims = [6, 5, 2]}
// CHECK-NEXT: net.correlate %[[B]], %[[P]] {input = [6, 5, 2], windows = [6, 5, 1]
// CHECK-NOT: channels_first
// CHECK: net.transpose_dimensions %{{.*}} : !net.t<[7 x 30], f32, @"*">
// CHECK-NEXT: net.reshape %{{.*}} {{{.*}}dims = [7, 6, 5]}
net.parameter @W : !net.t<[7 x 2 x 3 x 3], f32> {init = "constant", value = 0.0}
net.network {
  %x = net.input "x" : !net.t<[2 x 6 x 5], f32, @"*">
  %w = net.read @W : !net.t<[7 x 2 x 3 x 3], f32>
  %z = net.convolution %w, %x {node = "z", kernel = [3, 3], maps = [7], layout = "HWC"} : !net.t<[7 x 6 x 5], f32, @"*">
  net.roots output(%z)
}
