// What would change a bit, a NaN or an infinity stays as it is written.
// RUN: bs-opt %s -p net-canonicalize | filecheck %s

// CHECK: %l = net.log %x
// CHECK-NEXT: net.exp %l
// CHECK: net.minus %x, %x
// CHECK: net.element_times %x, %zero
// CHECK: net.element_times %x, %third
// CHECK-NEXT: net.element_times %{{.*}}, %three
// CHECK: net.element_times %x, %half
// CHECK-NEXT: net.element_times %{{.*}}, %two
// CHECK: net.rectified_linear %{{.*}} {node = "r"}
builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %zero = net.splat 0.0 : !net.t<[1], f32>
    %third = net.splat 0.3 : !net.t<[1], f32>
    %three = net.splat 3.0 : !net.t<[1], f32>
    %half = net.splat 0.5 : !net.t<[1], f32>
    %two = net.splat 2.0 : !net.t<[1], f32>
    %l = net.log %x : !net.t<[3], f32, @"*">
    %e = net.exp %l {node = "e"} : !net.t<[3], f32, @"*">
    %d = net.minus %x, %x {node = "d"} : !net.t<[3], f32, @"*">
    %n = net.element_times %x, %zero {node = "n"} : !net.t<[3], f32, @"*">
    %a = net.element_times %x, %third : !net.t<[3], f32, @"*">
    %b = net.element_times %a, %three {node = "b"} : !net.t<[3], f32, @"*">
    %f = net.element_times %x, %half : !net.t<[3], f32, @"*">
    %g = net.element_times %f, %two {node = "g"} : !net.t<[3], f32, @"*">
    %h = net.abs %x : !net.t<[3], f32, @"*">
    %r = net.rectified_linear %h {node = "r"} : !net.t<[3], f32, @"*">
    net.roots output(%e, %d, %n, %b, %g, %r)
  }
}
