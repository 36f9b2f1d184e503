// Softmax and LogSum of one value share the exponentials and their sum.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k
sched.kernel @k rows(%z : !net.t<[1024], f32, @"*">) -> (!net.t<[1], f32, @"*">, !net.t<[1024], f32, @"*">) {
  // CHECK: kern.reduce "max"
  // CHECK: scf.for
  // CHECK-COUNT-4: kern.decay
  // CHECK: scf.yield
  // CHECK: kern.reduce "add"
  // CHECK: math.log
  // CHECK-NOT: kern.reduce
  // CHECK: kern.return
  %l = net.reduce %z {op = "LogSum"} : !net.t<[1], f32, @"*">
  %p = net.softmax %z : !net.t<[1024], f32, @"*">
  sched.yield %l, %p : !net.t<[1], f32, @"*">, !net.t<[1024], f32, @"*">
}
