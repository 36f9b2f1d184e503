// A copy has every property of its original, and a name of its own.
// RUN: bs-opt %s -p net-clone-function | filecheck %s
// CHECK: net.transpose_dimensions %y {node = "f.t", axis1 = 2, axis2 = 1}
// CHECK: net.slice %{{.*}} {node = "f.s", begin = 1, end = 3, axis = 2}
// CHECK: net.trace %{{.*}} {node = "f.r", say = "here"}
// CHECK: net.mean %{{.*}} {node = "f.m", stored = ["old.dnn", "m"]}
net.network {
  %x = net.input "x" : !net.t<[4 x 3], f32, @"*">
  %y = net.input "y" : !net.t<[4 x 3], f32, @"*">
  %t = net.transpose_dimensions %x {node = "t", axis1 = 2, axis2 = 1} : !net.t<[3 x 4], f32, @"*">
  %s = net.slice %t {node = "s", begin = 1, end = 3, axis = 2} : !net.t<[3 x 2], f32, @"*">
  %r = net.trace %s {node = "r", say = "here"} : !net.t<[3 x 2], f32, @"*">
  %m = net.mean %r {node = "m", stored = ["old.dnn", "m"]} : !net.t<[3 x 2], f32>
  %f = net.clone "shared" of [%m] with (%x = %y) {path = "f"} : !net.t<[3 x 2], f32>
  net.keep %f
  net.roots
}
