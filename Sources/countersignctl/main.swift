CountersignCtl.main()
