// Blocks turned round: a function of the module for each size, pieces of 4 columns in a loop.
// RUN: bs-opt %s --emit llvm | filecheck %s

// CHECK-LABEL: define void @k(
kern.func @k(%x : !kern.ptr, %y : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  // CHECK: call void @k.turn.float.8.3.8(ptr %a0, i64 5, ptr %a1, i64 8, i64 8)
  kern.transpose %x[%c0] stride 5 rows 3 to %y[%c0] stride 8 count %c8 : vector<8xf32>
  // CHECK: call void @k.turn.float.8.3.8(ptr %a1, i64 7, ptr %a0, i64 9, i64 8)
  kern.transpose %y[%c0] stride 7 rows 3 to %x[%c0] stride 9 count %c8 : vector<8xf32>
  // CHECK: call void @k.turn.float.8.3.count(ptr %a0, i64 5, ptr %a1, i64 8, i64 %a2)
  kern.transpose %x[%c0] stride 5 rows 3 to %y[%c0] stride 8 count %n : vector<8xf32>
  kern.return
}
// Three rows are read once and make two pieces; a piece is turned in two rounds.
// CHECK-LABEL: define internal void @k.turn.float.8.3.8(
// CHECK-COUNT-3: load <8 x float>
// CHECK-COUNT-6: shufflevector <8 x float>
// CHECK: body:
// CHECK-COUNT-8: shufflevector <8 x float>
// CHECK: icmp slt i64 {{.*}}, 2
// CHECK-LABEL: define internal void @k.turn.float.8.3.count(
// CHECK-COUNT-3: call <8 x float> @llvm.masked.load.v8f32.p0(
