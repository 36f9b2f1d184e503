// An initial state that has a dynamic axis is chosen at the steps that have none before them.
// RUN: bs-opt %s -p net-settle-states | filecheck %s

// CHECK: %[[LAST:.*]] = net.sequence_slice %s {begin = -1} : !net.t<[4], f32, @"b/first">
// CHECK: %[[WIDE:.*]] = net.sequence_spread %[[LAST]] : !net.t<[4], f32, @"*">
// CHECK: %[[FLAG:.*]] = net.past_value %{{.*}} {outside = 1.0} : !net.t<[1], f32, @"*">
// CHECK: %[[BARE:.*]] = net.past_value %x {node = "p", outside = 0.0}
// CHECK: %p = net.select %[[FLAG]], %[[WIDE]], %[[BARE]]
// CHECK: net.roots output(%p)
builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[4], f32, @"*">
    %s = net.input "s" : !net.t<[4], f32, @b>
    %p = net.past_value %x, %s {node = "p"} : !net.t<[4], f32, @"*">
    net.roots output(%p)
  }
}
