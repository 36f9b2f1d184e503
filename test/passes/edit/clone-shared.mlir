// Shared clones use the original parameters: the two towers of a comparison have one matrix.
// An output that depends on no input is the original itself.
// RUN: bs-opt %s -p net-clone-function | filecheck %s
// CHECK-COUNT-1: net.parameter
// CHECK-NOT: net.parameter
// CHECK: %[[W:.*]] = net.read @W
// CHECK: %[[A:.*]] = net.times %[[W]], %q {node = "a.h"}
// CHECK-NEXT: %[[B:.*]] = net.times %[[W]], %d {node = "b.h"}
// CHECK-NEXT: net.cos_distance %[[A]], %[[B]]
// CHECK: net.keep %{{.*}}, %[[W]]
net.parameter @W : !net.t<[2 x 3], f32> {init = "uniform", seed = 3}
net.network {
  %x = net.input "x" : !net.t<[3], f32, @"*">
  %q = net.input "q" : !net.t<[3], f32, @"*">
  %d = net.input "d" : !net.t<[3], f32, @"*">
  %W = net.read @W : !net.t<[2 x 3], f32>
  %h = net.times %W, %x {node = "h"} : !net.t<[2], f32, @"*">
  %a = net.clone "shared" of [%h] with (%x = %q) {path = "a"} : !net.t<[2], f32, @"*">
  %b, %w = net.clone "shared" of [%h, %W] with (%x = %d) {path = "b"} : !net.t<[2], f32, @"*">, !net.t<[2 x 3], f32>
  %c = net.cos_distance %a, %b {node = "c"} : !net.t<[1], f32, @"*">
  net.keep %c, %w
  net.roots
}
