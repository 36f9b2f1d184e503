// A result that all samples share may lie where an operand lies: what is kept lies in scratch memory.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k{{.*}} attributes {workspace = 4096}
sched.kernel @k rows(%z : !net.t<[1024], f32>) -> (!net.t<[1024], f32>) {
  // CHECK: %[[E:.*]] = kern.decay
  // CHECK: kern.store %[[E]], %ws
  // CHECK: kern.load %ws
  // CHECK: kern.store %{{.*}}, %y0
  %p = net.softmax %z : !net.t<[1024], f32>
  sched.yield %p : !net.t<[1024], f32>
}
