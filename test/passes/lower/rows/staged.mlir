// Long samples take passes: maximum; exponentials, kept, and their sum; quotients.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k{{.*}} attributes {workspace = 4096 : i64}
sched.kernel @k rows(%z : !net.t<[1024], f32, @"*">) -> (!net.t<[1024], f32, @"*">) {
  // CHECK: scf.for %{{.*}} = %start to %end
  // CHECK: scf.for {{.*}} iter_args
  // CHECK: kern.choose ogt
  // CHECK: kern.reduce "max"
  // CHECK: scf.for {{.*}} iter_args
  // CHECK: %[[E:.*]] = math.exp
  // CHECK-NEXT: kern.store %[[E]], %ws
  // CHECK: kern.reduce "add"
  // CHECK: scf.for
  // CHECK: kern.load %ws
  // CHECK-NOT: math.exp
  // CHECK: kern.store %{{.*}}, %y0
  %p = net.softmax %z : !net.t<[1024], f32, @"*">
  sched.yield %p : !net.t<[1024], f32, @"*">
}
