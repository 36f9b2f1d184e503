// What moved elements forward moves their gradients back: a slice is embedded, a splice sliced.
// RUN: bs-opt %s -p net-gradient | filecheck %s

net.parameter @A : !net.t<[3], f32> {init = "uniform", seed = 1}
net.network {
  %x = net.input "x" : !net.t<[4], f32, @"*">
  %a = net.read @A : !net.t<[3], f32>
  %s = net.slice %a {begin = 1, end = 3} : !net.t<[2], f32>
  %z = net.splice %s, %a, %x : !net.t<[9], f32, @"*">
  %q = net.element_times %z, %z : !net.t<[9], f32, @"*">
  %c = net.sum_elements %q {node = "c"} : !net.t<[1], f32>
  net.roots criterion(%c)
}
// CHECK: %[[HEAD:.*]] = net.slice %[[G:.*]] {end = 2}
// CHECK: %[[SUM:.*]] = net.sum_to %[[HEAD]] : !net.t<[2], f32>
// CHECK: %[[TAIL:.*]] = net.slice %[[G]] {begin = 2, end = 5}
// CHECK: %[[FULL:.*]] = net.sum_to %[[TAIL]] : !net.t<[3], f32>
// CHECK: %[[BACK:.*]] = net.embed %[[SUM]] {begin = 1} : !net.t<[3], f32>
// CHECK: %[[ALL:.*]] = net.plus %[[FULL]], %[[BACK]]
// CHECK: net.gradient @A, %[[ALL]]
