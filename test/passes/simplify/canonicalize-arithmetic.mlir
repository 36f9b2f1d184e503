// Sums, products and functions that change nothing go; signs move where they cost nothing.
// RUN: bs-opt %s -p net-canonicalize | filecheck %s

// CHECK: %y = net.input "y"
// CHECK-NOT: net.negate
// CHECK: net.plus %x, %y {node = "p"}
// CHECK: net.minus %y, %x {node = "m"}
// CHECK: %[[C:.*]] = net.splat -3.0
// CHECK-NEXT: net.element_times %x, %[[C]] {node = "c"}
// CHECK: %[[E:.*]] = net.splat 8.0
// CHECK-NEXT: net.element_times %x, %[[E]] {node = "t"}
// CHECK: %r = net.rectified_linear %x
// CHECK-NOT: net.abs
// CHECK: net.plus %x, %r {node = "s"}
builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %y = net.input "y" : !net.t<[3], f32, @"*">
    %zero = net.splat 0.0 : !net.t<[1], f32>
    %one = net.splat 1.0 : !net.t<[1], f32>
    %two = net.splat 2.0 : !net.t<[1], f32>
    %three = net.splat 3.0 : !net.t<[1], f32>
    %four = net.splat 4.0 : !net.t<[1], f32>
    %nx = net.negate %x : !net.t<[3], f32, @"*">
    %ny = net.negate %y : !net.t<[3], f32, @"*">
    %p = net.minus %x, %ny {node = "p"} : !net.t<[3], f32, @"*">
    %m = net.plus %nx, %y {node = "m"} : !net.t<[3], f32, @"*">
    %c = net.element_times %nx, %three {node = "c"} : !net.t<[3], f32, @"*">
    %x2 = net.element_times %two, %x : !net.t<[3], f32, @"*">
    %t = net.element_times %x2, %four {node = "t"} : !net.t<[3], f32, @"*">
    %r = net.rectified_linear %x : !net.t<[3], f32, @"*">
    %rr = net.rectified_linear %r : !net.t<[3], f32, @"*">
    %ar = net.abs %rr : !net.t<[3], f32, @"*">
    %x0 = net.minus %x, %zero : !net.t<[3], f32, @"*">
    %x1 = net.element_times %one, %x0 : !net.t<[3], f32, @"*">
    %s = net.plus %x1, %ar {node = "s"} : !net.t<[3], f32, @"*">
    net.roots output(%p, %m, %c, %t, %s)
  }
}
