// A delay may read what follows it, and a loop prints its step; both read back as printed.
// RUN: bs-opt %s | filecheck %s
// RUN: bs-opt %s | bs-opt - --language mlir | filecheck %s

// CHECK: %p = net.past_value %h {node = "p", time_step = 2} : !net.t<[4], f32, @"*">
// CHECK: %w = net.future_value %x, %s {outside = 0.0} : !net.t<[1], f32, @"*"> -> !net.t<[4], f32, @"*">
// CHECK: %r = net.recurrence past(%a = %h : !net.t<[4], f32, @"*">) -> (!net.t<[4], f32, @"*">) {
// CHECK-NEXT: %q = net.past_value %b {local = true} : !net.t<[4], f32, @"*">
// CHECK-NEXT: %b = net.plus %a, %q : !net.t<[4], f32, @"*">
// CHECK-NEXT: net.yield %b : !net.t<[4], f32, @"*">
// CHECK-NEXT: }
builtin.module {
  net.parameter @s : !net.t<[4], f32> {init = "uniform", seed = 1}
  net.network {
    %x = net.input "x" : !net.t<[1], f32, @"*">
    %s = net.read @s : !net.t<[4], f32>
    %p = net.past_value %h {node = "p", time_step = 2} : !net.t<[4], f32, @"*">
    %w = net.future_value %x, %s {outside = 0.0} : !net.t<[1], f32, @"*"> -> !net.t<[4], f32, @"*">
    %h = net.plus %p, %w : !net.t<[4], f32, @"*">
    %r = net.recurrence past(%a = %h : !net.t<[4], f32, @"*">) -> (!net.t<[4], f32, @"*">) {
      %q = net.past_value %b {local = true} : !net.t<[4], f32, @"*">
      %b = net.plus %a, %q : !net.t<[4], f32, @"*">
      net.yield %b : !net.t<[4], f32, @"*">
    }
    net.roots output(%r)
  }
}
