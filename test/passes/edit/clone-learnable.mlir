// A learnable clone has parameters of its own, which begin as the originals do; the label input,
// which is not listed, is shared; nodes that no output needs (%d) are not copied.
// RUN: bs-opt %s -p net-clone-function | filecheck %s
// CHECK: net.parameter @W : {{.*}} {init = "uniform", seed = 3}
// CHECK: net.parameter @f.W : {{.*}} {init = "uniform", seed = 3}
// CHECK: %[[NEW:.*]] = net.input "new"
// CHECK: %[[OLD:.*]] = net.minus %{{.*}}, %{{.*}} {node = "e"}
// CHECK: %[[W:.*]] = net.read @f.W
// CHECK-NEXT: %[[H:.*]] = net.times %[[W]], %[[NEW]] {node = "f.h"}
// CHECK-NEXT: %[[E:.*]] = net.minus %[[H]], %y {node = "f", path = "f.e"}
// CHECK-NOT: f.d
// CHECK: net.keep %[[E]]
net.parameter @W : !net.t<[2 x 3], f32> {init = "uniform", seed = 3}
net.network {
  %x = net.input "x" : !net.t<[3], f32, @"*">
  %y = net.input "y" : !net.t<[2], f32, @"*">
  %new = net.input "new" : !net.t<[3], f32, @"*">
  %W = net.read @W : !net.t<[2 x 3], f32>
  %h = net.times %W, %x {node = "h"} : !net.t<[2], f32, @"*">
  %d = net.exp %h {node = "d"} : !net.t<[2], f32, @"*">
  %e = net.minus %h, %y {node = "e"} : !net.t<[2], f32, @"*">
  %f = net.clone "learnable" of [%e] with (%x = %new) {path = "f", names = ["f"]} : !net.t<[2], f32, @"*">
  net.keep %f
  net.roots
}
