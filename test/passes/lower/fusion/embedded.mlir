// The gradients of the slices of one value, added up, are a splice; what is at one place is added.
// RUN: bs-opt %s -p net-decompose | filecheck %s

net.network {
  %a = net.input "a" : !net.t<[2], f32, @"*">
  %b = net.input "b" : !net.t<[3], f32, @"*">
  %c = net.input "c" : !net.t<[2], f32, @"*">
  %d = net.input "d" : !net.t<[6], f32, @"*">
  // CHECK-NOT: net.embed
  // CHECK: %[[SUM:.*]] = net.plus %a, %c
  // CHECK: %[[ZERO:.*]] = net.broadcast_to %{{.*}} : !net.t<[1], f32, @"*">
  // CHECK: %[[ALL:.*]] = net.splice %[[SUM]], %[[ZERO]], %b : !net.t<[6], f32, @"*">
  // CHECK: net.plus %[[ALL]], %d {node = "z"} : !net.t<[6], f32, @"*">
  %1 = net.embed %a : !net.t<[6], f32, @"*">
  %2 = net.embed %b {begin = 3} : !net.t<[6], f32, @"*">
  %3 = net.embed %c : !net.t<[6], f32, @"*">
  %4 = net.plus %1, %2 : !net.t<[6], f32, @"*">
  %5 = net.plus %4, %d : !net.t<[6], f32, @"*">
  %z = net.plus %5, %3 {node = "z"} : !net.t<[6], f32, @"*">
  net.roots output(%z)
}
