// Conditions that are computed alike make one dynamic axis, others one each.
// RUN: bs-opt %s --split-input-file -p net-infer-shapes | filecheck %s

net.network {
  %x = net.input "x" : !net.t<[1], f32, @"*">
  %y = net.input "y" : !net.t<[1], f32, @"*">
  %a = net.greater %x, %y {node = "a"} : !net.t<*, f32>
  %b = net.greater %x, %y {node = "b"} : !net.t<*, f32>
  %c = net.less %x, %y {node = "c"} : !net.t<*, f32>
  %u = net.where %a : !net.t<*, f32>
  %v = net.where %b : !net.t<*, f32>
  %w = net.where %c : !net.t<*, f32>
  %s = net.plus %u, %v : !net.t<*, f32>
  net.roots output(%s, %w)
}
// CHECK: %u = net.where %a {condition = "a"} : !net.t<[1], f32, @"*/where:a">
// CHECK-NEXT: %v = net.where %b {condition = "a"} : !net.t<[1], f32, @"*/where:a">
// CHECK-NEXT: %w = net.where %c {condition = "c"} : !net.t<[1], f32, @"*/where:c">
// CHECK-NEXT: %s = net.plus %u, %v : !net.t<[1], f32, @"*/where:a">

// -----

// A ring that was made before its axis had this name.
net.network {
  %f = net.input "f" : !net.t<[1], f32, @"*">
  %w = net.where %f : !net.t<[1], f32, @"*/where:">
  %p = net.past_value %s {outside = 0.0} : !net.t<[1], f32, @"*/where:">
  %s = net.plus %p, %w : !net.t<[1], f32, @"*/where:">
  net.roots output(%s)
}
// CHECK: %p = net.past_value %s {outside = 0.0} : !net.t<[1], f32, @"*/where:f">
// CHECK-NEXT: %s = net.plus %p, %w : !net.t<[1], f32, @"*/where:f">
