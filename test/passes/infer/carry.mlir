// A delay goes on with what the minibatch before has kept; a future value finds 0 behind a cut.
// RUN: bs-opt %s -p net-carry | filecheck %s

// CHECK: net.state @carried.p : !net.t<[4 x 2 x 1024], f32> {role = "carried", of = "p"}
// CHECK: %[[KEPT:.*]] = net.read @carried.p
// CHECK: %[[IN:.*]] = net.carry_in %{{.*}}, %[[KEPT]] {axis = "*", direction = "past", steps = 2} : !net.t<[4 x 2], f32, @"*/first">
// CHECK: %p = net.past_value %x, %[[IN]] {node = "p", time_step = 2, settled = true}
// CHECK: %[[CUT:.*]] = net.carry_in %{{.*}} {axis = "*", direction = "future", steps = 1} : !net.t<[4], f32, @"*/first">
// CHECK: %f = net.future_value %x, %[[CUT]] {node = "f", settled = true}
// CHECK: net.future_value %x {local = true}
// CHECK: %[[NEW:.*]] = net.carry_out %[[KEPT]], %x, %[[IN]] {steps = 2}
// CHECK: net.write @carried.p, %[[NEW]]
builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[4], f32, @"*">
    %p = net.past_value %x {node = "p", time_step = 2} : !net.t<[4], f32, @"*">
    %f = net.future_value %x {node = "f"} : !net.t<[4], f32, @"*">
    %l = net.future_value %x {local = true} : !net.t<[4], f32, @"*">
    net.roots output(%p, %f, %l)
  }
}
