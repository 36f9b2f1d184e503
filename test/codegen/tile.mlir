// A tile of 2 rows and 6 columns: masked edges, one multiply-add for each vector and step of k.
// RUN: bs-opt %s --emit llvm | filecheck %s

// CHECK-LABEL: define void @k(
kern.func @k(%x : !kern.ptr, %y : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %z = kern.tile_zero : !kern.tile<2, 6, vector<4xf32>>
  // CHECK: %[[A:.*]] = phi ptr [ %a0, %entry ]
  // CHECK: %[[B:.*]] = phi ptr [ %a1, %entry ]
  // CHECK: load <4 x float>, ptr %[[B]], align 4
  // CHECK: @llvm.masked.load.v4f32.p0({{.*}}<i1 true, i1 true, i1 false, i1 false>
  // CHECK: load float, ptr %[[A]], align 4
  // CHECK-COUNT-2: call <4 x float> @llvm.fmuladd.v4f32(
  // CHECK: getelementptr inbounds float, ptr %[[A]], i64 9
  // CHECK-COUNT-2: call <4 x float> @llvm.fmuladd.v4f32(
  // CHECK-NOT: fmuladd
  %t = kern.tile_multiply %z, %x row 9 step %c1, %y pitch %c6, depth %n unroll 1 : !kern.tile<2, 6, vector<4xf32>>
  // CHECK: store <4 x float>
  // CHECK: @llvm.masked.store.v4f32.p0({{.*}}<i1 true, i1 true, i1 false, i1 false>
  // CHECK: store <4 x float>
  // CHECK: @llvm.masked.store.v4f32.p0({{.*}}<i1 true, i1 true, i1 false, i1 false>
  kern.tile_each %t : !kern.tile<2, 6, vector<4xf32>> {
  ^bb0(%v : vector<4xf32>, %row : index, %column : index, %count : index):
    %r = arith.muli %row, %c6 : index
    %i = arith.addi %r, %column : index
    kern.store %v, %ws[%i], %count : vector<4xf32>
    kern.tile_end
  }
  kern.return
}
