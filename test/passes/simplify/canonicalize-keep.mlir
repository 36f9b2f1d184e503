// Nodes that are asked for keep their names: roots always, others when they are named.
// RUN: bs-opt %s -p net-canonicalize | filecheck %s
// RUN: bs-opt %s -p "net-canonicalize{keep=b}" | filecheck %s --check-prefix=KEEP

// CHECK: %a = net.negate %x {node = "a"}
// CHECK-NEXT: %c = net.negate %a {node = "c"}
// CHECK-NEXT: %d = net.exp %x {node = "d"}
// KEEP: %b = net.negate %a {node = "b"}
// KEEP: net.exp %b
builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %a = net.negate %x {node = "a"} : !net.t<[3], f32, @"*">
    %b = net.negate %a {node = "b"} : !net.t<[3], f32, @"*">
    %c = net.negate %a {node = "c"} : !net.t<[3], f32, @"*">
    %d = net.exp %b {node = "d"} : !net.t<[3], f32, @"*">
    net.roots output(%c, %d)
  }
}
