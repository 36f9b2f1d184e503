// `sum y * LogSoftmax z` is added up before the logarithm is known: the last pass reads no scores.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k
sched.kernel @k rows(%z : !net.t<[1024], f32, @"*">, %y : !net.t<[1024], f32, @"*">) -> (!net.t<[1], f32, @"*">, !net.t<[1024], f32, @"*">) {
  // CHECK-NOT: kern.load %x1
  // CHECK: kern.reduce "max"
  // CHECK: kern.load %x1
  // CHECK: kern.load %x0
  // CHECK: kern.decay
  // CHECK-COUNT-3: kern.reduce "add"
  // CHECK-NOT: kern.load %x0
  // CHECK: kern.return
  %l = net.log_softmax %z : !net.t<[1024], f32, @"*">
  %p = net.element_times %y, %l : !net.t<[1024], f32, @"*">
  %s = net.reduce %p : !net.t<[1], f32, @"*">
  %e = net.softmax %z : !net.t<[1024], f32, @"*">
  %g = net.minus %e, %y : !net.t<[1024], f32, @"*">
  sched.yield %s, %g : !net.t<[1], f32, @"*">, !net.t<[1024], f32, @"*">
}
