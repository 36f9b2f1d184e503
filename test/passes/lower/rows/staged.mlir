// Long samples take passes: maximum; exponentials, kept in the result, and their sum; quotients.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k{{.*}} attributes {workspace = 0}
sched.kernel @k rows(%z : !net.t<[1024], f32, @"*">) -> (!net.t<[1024], f32, @"*">) {
  // CHECK: scf.for %{{.*}} = %start to %end
  // CHECK: scf.for {{.*}} iter_args
  // CHECK: kern.choose ogt
  // CHECK: kern.reduce "max"
  // CHECK: scf.for {{.*}} iter_args
  // CHECK: %[[E:.*]] = kern.decay
  // CHECK: kern.store %[[E]], %y0
  // CHECK: kern.reduce "add"
  // CHECK: scf.for
  // CHECK: kern.load %y0
  // CHECK-NOT: kern.decay
  // CHECK: kern.store %{{.*}}, %y0
  %p = net.softmax %z : !net.t<[1024], f32, @"*">
  sched.yield %p : !net.t<[1024], f32, @"*">
}
