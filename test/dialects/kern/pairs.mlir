// Pairs of bfloat16 and tile registers are printed as they are read.
// RUN: bs-opt %s | bs-opt | filecheck %s

// CHECK-LABEL: kern.func @pairs
kern.func @pairs(%x : !kern.ptr, %y : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %a = kern.load %x[%n] : vector<16xf32>
  // CHECK: %p = kern.round_pairs "along" %a, %a : vector<16xf32>, vector<16xf32> to vector<16xi32>
  %p = kern.round_pairs "along" %a, %a : vector<16xf32>, vector<16xf32> to vector<16xi32>
  kern.store %p, %ws[%n] : vector<16xi32>
  %z = kern.tile_zero : !kern.tile<1, 16, vector<16xf32>>
  // CHECK: depth %n unroll 2 pairs : !kern.tile<1, 16, vector<16xf32>>
  %t = kern.tile_multiply %z, %x row 9 step %nt, %y pitch %n, depth %n unroll 2 pairs : !kern.tile<1, 16, vector<16xf32>>
  // CHECK-NEXT: kern.amx_configure
  kern.amx_configure
  // CHECK-NEXT: kern.amx_zero 0
  kern.amx_zero 0
  // CHECK-NEXT: kern.amx_load 4, %x[%n] stride 16
  kern.amx_load 4, %x[%n] stride 16
  // CHECK-NEXT: kern.amx_multiply 0, 4, 6
  kern.amx_multiply 0, 4, 6
  // CHECK-NEXT: kern.amx_store 0, %y[%n] stride 64
  kern.amx_store 0, %y[%n] stride 64
  // CHECK-NEXT: kern.amx_release
  kern.amx_release
  kern.return
}
