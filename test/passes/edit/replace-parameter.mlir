// A parameter among the inputs of a section is replaced by the argument, here by one with other
// dimensions, and the shapes behind it follow.
// RUN: bs-opt %s -p net-clone-function,net-edit,net-infer-shapes | filecheck %s
// CHECK-NOT: @W
// CHECK: net.parameter @V : !net.t<[5 x 3], f32>
// CHECK-NOT: @W
// CHECK: net.times %{{.*}}, %y {node = "f.h"} : !net.t<[5], f32, @"*">
// CHECK-NEXT: net.sigmoid %{{.*}} {node = "f.s"} : !net.t<[5], f32, @"*">
net.parameter @V : !net.t<[5 x 3], f32> {init = "uniform", seed = 1}
net.parameter @W : !net.t<[2 x 3], f32> {init = "uniform", seed = 2}
net.network {
  %x = net.input "x" : !net.t<[3], f32, @"*">
  %y = net.input "y" : !net.t<[3], f32, @"*">
  %W = net.read @W : !net.t<[2 x 3], f32>
  %V = net.read @V : !net.t<[5 x 3], f32>
  %h = net.times %W, %x {node = "h"} : !net.t<[2], f32, @"*">
  %s = net.sigmoid %h {node = "s"} : !net.t<[2], f32, @"*">
  %f = net.clone "learnable" of [%s] with (%x = %y, %W = %V) {path = "f"} : !net.t<*, f32, @"*">
  net.keep %f
  net.roots output(%f)
}
