// An operation on sequences is a kernel of its own that takes layouts; what lies on an axis that
// a kernel makes waits for it, and its columns are counted when it is called.
// RUN: bs-opt %s -p net-infer-shapes,write-step,schedule | filecheck %s
// RUN: bs-opt %s -p net-infer-shapes,write-step,schedule | bs-opt - --emit llvm | filecheck %s --check-prefix=STEP

net.network {
  %f = net.input "f" : !net.t<[1], f32, @"*">
  %w = net.where %f : !net.t<*, f32>
  %z = net.negate %w {node = "z"} : !net.t<*, f32>
  net.roots output(%z)
}
// CHECK: sched.kernel @sequence0 sequence(%0: !net.t<[1], f32, @"*">) -> (!net.t<[1], f32, @"*/where:f">)
// CHECK-NEXT: %w = net.where %0 {condition = "f"}
// CHECK: sched.program @step ["*", "*/where:f"]
// CHECK: sched.call @sequence0(%0) -> (%1) layouts ["*", "*/where:f"]
// CHECK-NEXT: sched.barrier
// CHECK-NEXT: sched.call @rows0(%1) -> (%2)

// STEP: define void @step
// STEP: %lay1 = load ptr, ptr %lay1.at
// STEP: call void @sequence0(ptr %b0, ptr %b1, ptr %lay0, ptr %lay1,
// STEP: call void @bs_barrier
// STEP: [[AT:%.*]] = getelementptr i64, ptr %lay1, i64 9
// STEP-NEXT: [[N:%.*]] = load i64, ptr [[AT]]
// STEP-NEXT: call void @rows0(ptr %b1, ptr %b2, i64 [[N]], ptr %ws, i64 %tid, i64 %nt)
