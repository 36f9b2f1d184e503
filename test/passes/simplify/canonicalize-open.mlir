// While dimensions are open nothing is said to be equal that may turn out to be another shape.
// RUN: bs-opt %s -p net-canonicalize,net-fold-constants,net-cse | filecheck %s

// CHECK: net.plus %x, %zero
// CHECK: net.reshape %a
// CHECK: net.splice %r
builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[?], f32, @"*">
    %zero = net.splat 0.0 : !net.t<[?], f32>
    %a = net.plus %x, %zero {node = "a"} : !net.t<[?], f32, @"*">
    %r = net.reshape %a {node = "r", dims = [-1]} : !net.t<[?], f32, @"*">
    %s = net.splice %r {node = "s"} : !net.t<[?], f32, @"*">
    net.roots output(%s)
  }
}
