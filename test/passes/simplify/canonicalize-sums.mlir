// Sums over what has one element, choices that are known, and numbers to divide by.
// RUN: bs-opt %s -p net-canonicalize | filecheck %s

// CHECK: %[[M:.*]] = net.reduce %x {node = "m", op = "Max", axis = 2}
// CHECK: %[[Q:.*]] = net.splat 0.25
// CHECK-NEXT: net.element_times %x, %[[Q]] {node = "q"}
// CHECK: net.tanh %x {node = "s"}
// CHECK: net.exp %x {node = "c"}
// CHECK: net.sin %[[M]] {node = "e"}
// CHECK-NOT: net.select
builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3 x 1], f32, @"*">
    %one = net.splat 1.0 : !net.t<[1], f32>
    %four = net.splat 4.0 : !net.t<[1], f32>
    %m = net.reduce %x {node = "m", op = "Max", axis = 2} : !net.t<[3 x 1], f32, @"*">
    %q = net.quotient %x, %four {node = "q"} : !net.t<[3 x 1], f32, @"*">
    %r = net.reduce %x {op = "Sum", axis = 2} : !net.t<[3 x 1], f32, @"*">
    %s = net.tanh %r {node = "s"} : !net.t<[3 x 1], f32, @"*">
    %k = net.select %one, %x, %m : !net.t<[3 x 1], f32, @"*">
    %c = net.exp %k {node = "c"} : !net.t<[3 x 1], f32, @"*">
    %d = net.select %x, %m, %m : !net.t<[3 x 1], f32, @"*">
    %e = net.sin %d {node = "e"} : !net.t<[3 x 1], f32, @"*">
    net.roots output(%m, %q, %s, %c, %e)
  }
}
