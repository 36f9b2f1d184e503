// Equal operations on equal operands become one, also over two reads of one parameter.
// RUN: bs-opt %s -p net-cse,net-dce | filecheck %s

// CHECK: %[[P:.*]] = net.times %w, %x {node = "p"}
// CHECK-NEXT: %[[A:.*]] = net.sigmoid %[[P]] {node = "a"}
// CHECK-NEXT: %[[D:.*]] = net.dropout %[[A]] {node = "d"}
// CHECK-NEXT: %[[E:.*]] = net.dropout %[[A]] {node = "e"}
// CHECK-NEXT: %[[B:.*]] = net.sigmoid %[[P]] {node = "b"}
// CHECK-NEXT: %[[S:.*]] = net.plus %[[D]], %[[E]]
// CHECK-NEXT: net.plus %[[S]], %[[A]] {node = "z"}
builtin.module {
  net.parameter @W : !net.t<[3 x 2], f32> {init = "uniform", seed = 1}
  net.network {
    %x = net.input "x" : !net.t<[2], f32, @"*">
    %w = net.read @W : !net.t<[3 x 2], f32>
    %v = net.read @W : !net.t<[3 x 2], f32>
    %p = net.times %w, %x {node = "p"} : !net.t<[3], f32, @"*">
    %q = net.times %v, %x {node = "q"} : !net.t<[3], f32, @"*">
    %a = net.sigmoid %p {node = "a"} : !net.t<[3], f32, @"*">
    %c = net.sigmoid %q {node = "c"} : !net.t<[3], f32, @"*">
    %d = net.dropout %a {node = "d"} : !net.t<[3], f32, @"*">
    %e = net.dropout %c {node = "e"} : !net.t<[3], f32, @"*">
    %b = net.sigmoid %p {node = "b"} : !net.t<[3], f32, @"*">
    %s = net.plus %d, %e {node = "s"} : !net.t<[3], f32, @"*">
    %z = net.plus %s, %b {node = "z"} : !net.t<[3], f32, @"*">
    net.roots output(%z, %b)
  }
}
