// Elements that are moved twice are moved once; what moves nothing is a reshape, which is free.
// RUN: bs-opt %s -p net-canonicalize | filecheck %s

// CHECK: %y = net.input "y"
// CHECK-NEXT: %[[R:.*]] = net.reshape %x {node = "r", dims = [3, 4]}
// CHECK-NEXT: %[[B:.*]] = net.slice %x {node = "b", begin = 3, end = 5}
// CHECK-NEXT: %[[P:.*]] = net.slice %y {node = "p", begin = 1, end = 3}
// CHECK-NEXT: net.tanh %x {node = "j"}
// CHECK-NEXT: net.reshape %x {node = "u", dims = [1, 12]}
// CHECK-NEXT: net.sigmoid %[[R]] {node = "v"}
// CHECK-NEXT: net.roots
builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[12], f32, @"*">
    %y = net.input "y" : !net.t<[4], f32, @"*">
    %r1 = net.reshape %x {dims = [4, 3]} : !net.t<[4 x 3], f32, @"*">
    %r = net.reshape %r1 {node = "r", dims = [3, 4]} : !net.t<[3 x 4], f32, @"*">
    %b1 = net.slice %x {begin = 2, end = 8} : !net.t<[6], f32, @"*">
    %b = net.slice %b1 {node = "b", begin = 1, end = 3} : !net.t<[2], f32, @"*">
    %s = net.splice %x, %y : !net.t<[16], f32, @"*">
    %p = net.slice %s {node = "p", begin = 13, end = 15} : !net.t<[2], f32, @"*">
    %j1 = net.slice %x {end = 5} : !net.t<[5], f32, @"*">
    %j2 = net.slice %x {begin = 5} : !net.t<[7], f32, @"*">
    %j3 = net.splice %j1, %j2 : !net.t<[12], f32, @"*">
    %j = net.tanh %j3 {node = "j"} : !net.t<[12], f32, @"*">
    %u = net.transpose_dimensions %x {node = "u"} : !net.t<[1 x 12], f32, @"*">
    %t = net.transpose_dimensions %r : !net.t<[4 x 3], f32, @"*">
    %tt = net.transpose_dimensions %t : !net.t<[3 x 4], f32, @"*">
    %v = net.sigmoid %tt {node = "v"} : !net.t<[3 x 4], f32, @"*">
    net.roots output(%r, %b, %p, %j, %u, %v)
  }
}
