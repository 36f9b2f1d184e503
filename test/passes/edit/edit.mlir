// Links to a replaced node lead to the new one, in order and along chains; a wrapper goes on using
// what it wraps; what only the replaced nodes needed goes, and tags fill the groups.
// RUN: bs-opt %s -p net-edit | filecheck %s
// CHECK: net.parameter @W
// CHECK-NOT: net.parameter
// CHECK: %x = net.input "x"
// CHECK-NEXT: %[[W:.*]] = net.read @W
// CHECK-NEXT: %[[P:.*]] = net.times %[[W]], %x {node = "p"}
// CHECK-NEXT: %[[S:.*]] = net.sigmoid %[[P]] {node = "t"}
// CHECK-NEXT: %[[U:.*]] = net.negate %[[S]] {node = "wrapper"}
// CHECK-NEXT: %[[Z:.*]] = net.exp %[[U]] {node = "z"}
// CHECK-NEXT: net.roots output(%[[Z]])
net.parameter @"old::W" : !net.t<[3 x 3], f32> {init = "uniform", seed = 1, origin = "old"}
net.parameter @"old::b" : !net.t<[3], f32> {init = "uniform", seed = 1, origin = "old"}
net.network {
  %x = net.input "x" {origin = "old"} : !net.t<[3], f32, @"*">
  %W = net.read @"old::W" {origin = "old"} : !net.t<[3 x 3], f32>
  %b = net.read @"old::b" {origin = "old"} : !net.t<[3], f32>
  %p = net.times %W, %x {node = "p", origin = "old"} : !net.t<[3], f32, @"*">
  %t = net.plus %p, %b {node = "t", origin = "old"} : !net.t<[3], f32, @"*">
  %z = net.exp %t {node = "z", origin = "old", tags = ["output"]} : !net.t<[3], f32, @"*">
  %s = net.sigmoid %p {node = "t"} : !net.t<[3], f32, @"*">
  %u = net.negate %s {node = "wrapper"} : !net.t<[3], f32, @"*">
  net.replace %t by %s
  net.replace %s by %u
  net.keep %z
  net.roots
}
