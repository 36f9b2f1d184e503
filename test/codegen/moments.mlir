// Rows are summed less the shift, then added to vectors of doubles that follow it in memory.
// RUN: bs-opt %s --emit llvm | filecheck %s

// CHECK-LABEL: define void @k(
kern.func @k(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %t = kern.tile_load %x[%n] stride 4 : !kern.tile<3, 4, vector<4xf32>>
  %new = arith.cmpi eq, %n, %tid : index
  // CHECK: [[NEW:%[^ ]+]] = icmp eq
  // CHECK: [[OLD:%[^ ]+]] = load <4 x float>, ptr %a2
  // CHECK: [[SHIFT:%[^ ]+]] = select i1 [[NEW]], <4 x float> {{%[^ ]+}}, <4 x float> [[OLD]]
  // CHECK: store <4 x float> [[SHIFT]], ptr %a2
  // CHECK-COUNT-3: fsub <4 x float> {{%[^ ]+}}, [[SHIFT]]
  // CHECK: fpext <4 x float> {{.*}} to <4 x double>
  // CHECK: select i1 [[NEW]], <4 x double> zeroinitializer
  // CHECK: fpext <4 x float> {{.*}} to <4 x double>
  // CHECK: store <4 x double>
  kern.tile_moments %t, %ws fresh %new : !kern.tile<3, 4, vector<4xf32>>
  kern.return
}
